import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "../../../ci/lab/command.js";
import type { Lab } from "../../../ci/lab/lab.js";
import { until } from "./expectations.js";
import { buildWebTools } from "./web-tools.js";

/** A certificate authority of this machine, which asks the host that every name leads to for its proof. */
export interface AcmeServer {
  readonly directory: string;
  /** What the server itself is to be trusted by, PEM. */
  readonly root: string;
  /** What the certificates that it issues are to be trusted by, PEM. */
  readonly issuer: string;
  close(): void;
}

/** Pebble, Let's Encrypt's server for tests, with every name leading to `host`. */
export async function openAcmeServer(lab: Lab, host: string): Promise<AcmeServer> {
  const tools = await buildWebTools();
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-acme-"));
  const [listen, manage, names] = await Promise.all([lab.machine, lab.machine, "127.0.0.1"].map(freePort));
  const file = (name: string) => join(folder, name);
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const subject = ["-days", "2", "-subj", "/CN=acme", "-addext", `subjectAltName=IP:${lab.machine}`];
  const made = await execute([
    "openssl",
    ...request,
    ...subject,
    "-out",
    file("root.pem"),
    "-keyout",
    file("key.pem"),
  ]);
  if (made.code !== 0) throw new Error(`openssl ended with ${made.code}: ${made.stderr}`);
  const pebble = {
    listenAddress: `${lab.machine}:${listen}`,
    managementListenAddress: `${lab.machine}:${manage}`,
    certificate: file("root.pem"),
    privateKey: file("key.pem"),
    httpPort: 80,
    tlsPort: 443,
    profiles: { default: { description: "for tests", validityPeriod: 604_800 } },
  };
  writeFileSync(file("pebble.json"), JSON.stringify({ pebble }));

  const children: ChildProcess[] = [];
  const start = (program: string, ...args: readonly string[]) =>
    children.push(
      spawn(join(tools, program), args, {
        stdio: "ignore",
        env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
      }),
    );
  const nothingElse = ["-http01", "", "-https01", "", "-doh", "", "-tlsalpn01", "", "-management", ""];
  const toHost = ["-dnsserver", `127.0.0.1:${names}`, "-defaultIPv4", host, "-defaultIPv6", ""];
  start("pebble-challtestsrv", ...nothingElse, ...toHost);
  start("pebble", "-config", file("pebble.json"), "-dnsserver", `127.0.0.1:${names}`);
  const root = readFileSync(file("root.pem"), "utf8");
  const close = () => {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    let issuer = "";
    await until("the ACME server", 20_000, async () => {
      issuer = await fetched(`https://${lab.machine}:${manage}/roots/0`, root).catch(() => "");
      return issuer !== "";
    });
    return { directory: `https://${lab.machine}:${listen}/dir`, root, issuer, close };
  } catch (cause) {
    close();
    throw cause;
  }
}

function fetched(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    }).on("error", reject);
  });
}

function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, address, () => {
      const told = server.address();
      server.close(() => (typeof told === "object" && told !== null ? resolve(told.port) : reject()));
    });
  });
}
