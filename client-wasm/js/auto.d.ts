import type { Connection } from "./cyclone_edge_client.js";

/** The connection of the page, once it is there; rejects with what `init` or `connect` says is wrong. */
export const connection: Promise<Connection>;
