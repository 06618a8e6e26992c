# Run it in the project's folder with `mkdir -p data && PUBLISH_KEY=choose-one npx workerd serve examples/self-host/workerd.capnp`
#
# The hub on one machine, without Cloudflare. `node tools/build.mjs` makes what it embeds. The objects keep their storage in
# the folder `data`; settings come from the environment.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "hub", worker = .hub),
    (name = "objects", disk = (path = "data", writable = true)),
    (name = "media", disk = (path = "media")),
  ],
  # A proxy that ends TLS says so in the header: pages of https://hub.example.com are then the hub's own.
  sockets = [
    (name = "http", address = "127.0.0.1:8080", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = "hub"),
  ],
);

const hub :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "../../worker/build/index.js"),
    (name = "./index_bg.wasm", wasm = embed "../../worker/build/index_bg.wasm"),
  ],
  # The date and the objects are those of wrangler.toml.
  compatibilityDate = "2026-09-01",
  bindings = [
    (name = "CHANNELS", durableObjectNamespace = "Channel"),
    (name = "RELAYS", durableObjectNamespace = "Relay"),
    (name = "DIRECTORY", durableObjectNamespace = "Directory"),
    (name = "SOCKJS_SESSIONS", durableObjectNamespace = "SockJsSession"),
    (name = "ASSETS", service = "media"),
    (name = "PUBLISH_KEY", fromEnvironment = "PUBLISH_KEY"),
    (name = "PUBLISH_KEYS", fromEnvironment = "PUBLISH_KEYS"),
    (name = "PUBLISH_OPEN", fromEnvironment = "PUBLISH_OPEN"),
    (name = "SUBSCRIBE_AUTH", fromEnvironment = "SUBSCRIBE_AUTH"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "JWT_PUBLIC_KEY", fromEnvironment = "JWT_PUBLIC_KEY"),
    (name = "JWKS_URL", fromEnvironment = "JWKS_URL"),
    (name = "JWT_AUDIENCE", fromEnvironment = "JWT_AUDIENCE"),
    (name = "JWT_ISSUER", fromEnvironment = "JWT_ISSUER"),
    (name = "JWT_LEEWAY_SECONDS", fromEnvironment = "JWT_LEEWAY_SECONDS"),
    (name = "JWT_COOKIE", fromEnvironment = "JWT_COOKIE"),
    (name = "KEEPALIVE_SECONDS", fromEnvironment = "KEEPALIVE_SECONDS"),
    (name = "RETRY_MS", fromEnvironment = "RETRY_MS"),
    (name = "HISTORY_MESSAGES", fromEnvironment = "HISTORY_MESSAGES"),
    (name = "HISTORY_SECONDS", fromEnvironment = "HISTORY_SECONDS"),
    (name = "CHANNEL_PUBLISHES_PER_SECOND", fromEnvironment = "CHANNEL_PUBLISHES_PER_SECOND"),
    (name = "KEY_PUBLISHES_PER_SECOND", fromEnvironment = "KEY_PUBLISHES_PER_SECOND"),
    (name = "MAX_LISTENERS", fromEnvironment = "MAX_LISTENERS"),
    (name = "RELAYS_PER_PLACE", fromEnvironment = "RELAYS_PER_PLACE"),
    (name = "LEGS", fromEnvironment = "LEGS"),
    (name = "STREAM_LISTENERS", fromEnvironment = "STREAM_LISTENERS"),
    (name = "STREAM_MESSAGES_PER_MINUTE", fromEnvironment = "STREAM_MESSAGES_PER_MINUTE"),
    (name = "STREAM_QUIET_SECONDS", fromEnvironment = "STREAM_QUIET_SECONDS"),
    (name = "MAX_MESSAGE_BYTES", fromEnvironment = "MAX_MESSAGE_BYTES"),
    (name = "CORS_ORIGINS", fromEnvironment = "CORS_ORIGINS"),
    (name = "STATS_CONFIRM_SECONDS", fromEnvironment = "STATS_CONFIRM_SECONDS"),
  ],
  durableObjectNamespaces = [
    (className = "Channel", uniqueKey = "cyclone-edge-Channel", enableSql = true),
    (className = "Relay", uniqueKey = "cyclone-edge-Relay", enableSql = true),
    (className = "Directory", uniqueKey = "cyclone-edge-Directory", enableSql = true),
    (className = "SockJsSession", uniqueKey = "cyclone-edge-SockJsSession", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);
