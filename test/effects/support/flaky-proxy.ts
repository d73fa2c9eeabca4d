import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy that can stop forwarding, cut a connection at a byte, or turn connections away. */
export interface FlakyProxy {
  readonly port: number;
  /** Forwards nothing from now on, in either direction, and says nothing about it. */
  stall(): void;
  /** Ends all connections after so many more bytes towards the server. */
  cutAfter(bytes: number): void;
  cutNow(): void;
  /** Turns connections away for as long as it is set. */
  refuse(yes: boolean): void;
  /** Connections accepted so far. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

export async function startFlakyProxy(upstreamPort: number): Promise<FlakyProxy> {
  let stalled: ReadonlySet<Socket> = new Set();
  let budget = Number.POSITIVE_INFINITY;
  let refusing = false;
  let connections = 0;
  const sockets = new Set<Socket>();
  const cut = () => {
    budget = Number.POSITIVE_INFINITY;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer((client) => {
    if (refusing) return void client.resetAndDestroy();
    connections++;
    const upstream = connect(upstreamPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (stalled.has(client)) return;
      if (chunk.length > budget) {
        upstream.write(chunk.subarray(0, budget), cut);
        return;
      }
      budget -= chunk.length;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!stalled.has(client)) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    // Later connections pass: the flow was dropped, not the host.
    stall: () => {
      stalled = new Set(sockets);
    },
    cutAfter: (bytes) => {
      budget = bytes;
    },
    cutNow: cut,
    refuse: (yes) => {
      refusing = yes;
    },
    connections: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
