import { execFileSync } from "node:child_process";
import { type Client, connect } from "@dagger.io/dagger";
import { afterAll, beforeAll } from "vitest";
import { type Lab, openLab } from "../../../../ci/lab/lab.js";

/** The lab and a session of its engine, open while the tests of a file run. */
export interface Engine {
  readonly lab: Lab;
  readonly client: Client;
}

/** To be called at the top of a file; what it returns may be used in tests. */
export function useEngine(): Engine {
  const engine: { lab?: Lab; client?: Client } = {};
  let close = () => {};
  let closed: Promise<void> = Promise.resolve();
  beforeAll(async () => {
    engine.lab = await openLab({ quiet: true });
    Object.assign(process.env, engine.lab.env, { _EXPERIMENTAL_DAGGER_CLI_BIN: daggerOf(engine.lab) });
    await new Promise<void>((opened, failed) => {
      closed = connect(async (client) => {
        engine.client = client;
        opened();
        await new Promise<void>((resolve) => {
          close = resolve;
        });
      });
      closed.catch(failed);
    });
  });
  afterAll(async () => {
    close();
    await closed;
  });
  return {
    get lab() {
      return present(engine.lab);
    },
    get client() {
      return present(engine.client);
    },
  };
}

/**
 * The client, with download caches of its own: so every installation, and all that follows from it, is done
 * again, while nothing else about the result differs.
 */
export function withoutCaches(client: Client, nonce: string): Client {
  return new Proxy(client, {
    get(target, name) {
      if (name === "cacheVolume") return (key: string) => target.cacheVolume(`${key}-${nonce}`);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

export function daggerOf(lab: Lab): string {
  return execFileSync("sh", ["-c", "command -v dagger"], { env: lab.env, encoding: "utf8" }).trim();
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the engine is there only while tests run");
  return value;
}
