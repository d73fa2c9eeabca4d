import { request as ask, createServer, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, type Transform } from "node:stream";
import type { Lab } from "../../../ci/lab/lab.js";

/** What becomes of a request: let through, let through a filter that spoils the answer, or answered at the door. */
export type Treatment =
  | "pass"
  | Transform
  | { readonly status: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string };

/** The lab's registry behind a door of this machine, for tests of what a registry can do to a deploy. */
export interface RegistryDoor {
  /** As it stands in an image's name. */
  readonly host: string;
  /** How each request is treated from now on. */
  treat(treatment: (request: IncomingMessage) => Treatment): void;
  /** Nobody answers any more, until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function openDoor(lab: Lab): Promise<RegistryDoor> {
  const [hostname, innerPort] = lab.registry.split(":");
  let treat: (request: IncomingMessage) => Treatment = () => "pass";
  let port = 0;
  const server = createServer((request, answer) => {
    const treatment = treat(request);
    if (typeof treatment === "object" && "status" in treatment) {
      answer.writeHead(treatment.status, treatment.headers);
      return void answer.end(treatment.body ?? "");
    }
    const { authorization: _, ...headers } = request.headers;
    const inner = ask({ hostname, port: innerPort, method: request.method, path: request.url, headers });
    inner.on("response", (said) => {
      answer.writeHead(said.statusCode ?? 502, said.headers);
      if (treatment === "pass") said.pipe(answer);
      // A filter that fails ends the connection in the middle of the answer.
      else pipeline(said, treatment, answer, () => {});
    });
    inner.on("error", () => answer.destroy());
    request.pipe(inner);
  });
  const open = async () => {
    await new Promise<void>((resolve) => server.listen(port, lab.machine, resolve));
    port = (server.address() as AddressInfo).port;
  };
  await open();
  return {
    host: `${lab.machine}:${port}`,
    open,
    treat: (next) => {
      treat = next;
    },
    shut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
