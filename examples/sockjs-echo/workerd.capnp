# Run it in the project's folder with `mkdir -p data && npx workerd serve examples/sockjs-echo/workerd.capnp`
#
# The app without anything in front. `node tools/build.mjs examples/sockjs-echo` makes what it embeds. The objects keep their
# storage in the folder `data`.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "app", worker = .app),
    (name = "objects", disk = (path = "data", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8081", http = (), service = "app")],
);

const app :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "build/index.js"),
    (name = "./index_bg.wasm", wasm = embed "build/index_bg.wasm"),
  ],
  # The date and the objects are those of wrangler.toml.
  compatibilityDate = "2026-09-01",
  bindings = [
    (name = "SOCKJS_SESSIONS", durableObjectNamespace = "SockJsSession"),
    (name = "SOCKJS_SERVICES", durableObjectNamespace = "SockJsService"),
  ],
  durableObjectNamespaces = [
    (className = "SockJsSession", uniqueKey = "cyclone-edge-SockJsSession", enableSql = true),
    (className = "SockJsService", uniqueKey = "cyclone-edge-SockJsService", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);
