import * as http from "node:http";
import { now } from "../../../ci/traffic/traffic.js";

export interface Cut {
  readonly at: number;
  readonly kind: "WebSocket" | "download";
}

/** Connections that outlast many switches; one that was cut is opened anew, so that their number stays. */
export interface LongConnections {
  /** Those that ended, or fell silent, without the client having ended them. */
  readonly cuts: readonly Cut[];
  /** How many there are now. */
  open(): number;
  close(): void;
}

export const HELD = { webSockets: 200, downloads: 50 } as const;
/** The server speaks every 2 s on a WebSocket, and twice a second in a download. */
const SILENT_MS = 10_000;
const RETRY_MS = 250;

export function holdConnections(url: string): LongConnections {
  const cuts: Cut[] = [];
  const held = new Set<() => void>();
  let opened = 0;
  let over = false;

  const hold = (kind: Cut["kind"], open: Open): void => {
    if (over) return;
    let isOpen = false;
    const connection = open(url, {
      heard: () => {
        if (!isOpen) opened += 1;
        isOpen = true;
        silence.refresh();
      },
      ended: (whole) => {
        if (!held.delete(close)) return;
        clearTimeout(silence);
        if (isOpen) opened -= 1;
        if (over) return;
        if (isOpen && !whole) cuts.push({ at: now(), kind });
        setTimeout(() => hold(kind, open), whole ? 0 : RETRY_MS);
      },
    });
    const close = () => connection.close();
    const silence = setTimeout(close, SILENT_MS);
    held.add(close);
  };

  for (let i = 0; i < HELD.webSockets; i++) hold("WebSocket", openWebSocket);
  for (let i = 0; i < HELD.downloads; i++) hold("download", openDownload);
  return {
    cuts,
    open: () => opened,
    close: () => {
      over = true;
      for (const close of held) close();
    },
  };
}

interface Events {
  readonly heard: () => void;
  /** Told once or more; `whole` when there was nothing more to come. */
  readonly ended: (whole: boolean) => void;
}

type Open = (url: string, events: Events) => { close(): void };

function openWebSocket(url: string, { heard, ended }: Events) {
  const socket = new WebSocket(url.replace("http:", "ws:"));
  socket.addEventListener("open", heard);
  socket.addEventListener("message", heard);
  socket.addEventListener("error", () => ended(false));
  socket.addEventListener("close", () => ended(false));
  return {
    close: () => {
      socket.close();
      ended(false);
    },
  };
}

function openDownload(url: string, { heard, ended }: Events) {
  const request = http.get(`${url}/download`, { agent: false }, (response) => {
    if (response.statusCode !== 200) return request.destroy(new Error(`HTTP ${response.statusCode}`));
    response.on("data", heard);
    response.on("error", () => ended(false));
    response.on("end", () => ended(response.complete));
  });
  request.on("error", () => ended(false));
  return { close: () => void request.destroy(new Error("closed here")) };
}
