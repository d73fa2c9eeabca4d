import { connect, createServer, type Socket } from "node:net";

export type Towards = "server" | "client";

/** A TCP proxy that can stop forwarding, cut connections at a byte, or turn them away. */
export interface FlakyProxy {
  readonly port: number;
  /** Forwards nothing from now on, in either direction, and says nothing about it; later connections pass. */
  stall(): void;
  cut(): void;
  /** The same, once so many more bytes have passed in one direction. */
  after(bytes: number, towards: Towards, what: "stall" | "cut"): void;
  /** Forgets what was to be done after so many bytes. */
  calm(): void;
  /** Turns connections away for as long as it is set. */
  refuse(yes: boolean): void;
  /** Connections accepted, and bytes forwarded, so far. */
  readonly connections: () => number;
  readonly passed: (towards: Towards) => number;
  stop(): Promise<void>;
}

export async function startFlakyProxy(upstreamPort: number, upstreamHost = "127.0.0.1"): Promise<FlakyProxy> {
  let stalled: ReadonlySet<Socket> = new Set();
  let planned: { towards: Towards; left: number; act: () => void } | null = null;
  let refusing = false;
  let connections = 0;
  const passed = { server: 0, client: 0 };
  const sockets = new Set<Socket>();
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  // The flow is dropped, not the host: what is opened later is another flow.
  const stall = () => {
    stalled = new Set(sockets);
  };
  const forward = (chunk: Buffer, from: Socket, to: Socket, towards: Towards) => {
    if (stalled.has(from)) return;
    if (planned?.towards !== towards || chunk.length < planned.left) {
      if (planned?.towards === towards) planned.left -= chunk.length;
      passed[towards] += chunk.length;
      to.write(chunk);
      return;
    }
    const { left, act } = planned;
    planned = null;
    passed[towards] += left;
    // What is to pass must have passed when the rest does not.
    to.write(chunk.subarray(0, left), act);
    stalled = new Set([...stalled, from, to]);
  };
  const server = createServer((client) => {
    if (refusing) return void client.resetAndDestroy();
    connections++;
    const upstream = connect(upstreamPort, upstreamHost);
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
    client.on("data", (chunk) => forward(chunk, client, upstream, "server"));
    upstream.on("data", (chunk) => forward(chunk, upstream, client, "client"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    stall,
    cut,
    after: (bytes, towards, what) => {
      planned = { towards, left: Math.max(1, bytes), act: what === "cut" ? cut : stall };
    },
    calm: () => {
      planned = null;
    },
    refuse: (yes) => {
      refusing = yes;
    },
    connections: () => connections,
    passed: (towards) => passed[towards],
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
