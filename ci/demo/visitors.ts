import { setTimeout as sleep } from "node:timers/promises";
import { startTraffic, type Traffic } from "../traffic/traffic.js";

/** Unleash's API tokens, one for who creates flags and one for who reads them. */
export interface Tokens {
  readonly admin: string;
  readonly client: string;
}

/** What a visitor can tell of the release that answers. */
export interface Seen {
  readonly version: string;
  readonly slogan: string;
}

export const requestsPerSecond = 110;
const features = "/api/admin/projects/default/features";
const namePrefix = "visitor-";

/** Unleash through its public address, as its users meet it. */
export function visitorsOf(url: string, tokens: Tokens) {
  const asAdmin = { authorization: tokens.admin, "content-type": "application/json" };
  const ask = async (path: string): Promise<unknown> => {
    const answer = await fetch(new URL(path, url), { headers: asAdmin, signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return answer.json();
  };

  return {
    /** Clients that read the shop's flags, and an administrator who creates a flag with every tenth request. */
    start: async (): Promise<Traffic> => {
      for (const name of ["shop.cart", "shop.search", "shop.checkout"]) {
        const body = JSON.stringify({ name, type: "release" });
        const answer = await fetch(new URL(features, url), { method: "POST", headers: asAdmin, body });
        if (!answer.ok) throw new Error(`creating the flag ${name} was answered with ${answer.status}`);
      }
      return startTraffic({
        url,
        perSecond: requestsPerSecond,
        read: {
          path: "/api/client/features?namePrefix=shop.",
          headers: { authorization: tokens.client },
          mustContain: '"shop.cart"',
        },
        write: {
          path: features,
          headers: asAdmin,
          body: '{"name":"{name}","type":"release"}',
          namePrefix,
          share: 0.1,
        },
      });
    },

    /** Version and slogan of the release that answers just now; null when none does. */
    look: async (): Promise<Seen | null> => {
      const answer = await ask("/api/admin/ui-config").catch(() => null);
      if (answer === null) return null;
      const { versionInfo, slogan } = answer as { versionInfo: { current: { oss: string } }; slogan: string };
      return { version: versionInfo.current.oss, slogan };
    },

    /** Names of all flags that the traffic's administrator created. */
    readBack: async (): Promise<ReadonlySet<string>> => {
      const { features: found } = (await ask(features)) as { features: readonly { name: string }[] };
      return new Set(found.map(({ name }) => name).filter((name) => name.startsWith(namePrefix)));
    },
  };
}

export type Visitors = ReturnType<typeof visitorsOf>;

/** Seconds until visitors see that slogan; null when they did not within the limit. */
export async function secondsUntilSeen(
  visitors: Visitors,
  slogan: string,
  limitSeconds: number,
): Promise<number | null> {
  const startedAt = performance.now();
  const elapsed = (): number => (performance.now() - startedAt) / 1000;
  while (elapsed() < limitSeconds) {
    if ((await visitors.look())?.slogan === slogan) return elapsed();
    await sleep(100);
  }
  return null;
}

/** Names with a number at their end as ranges: `visitor-0 … visitor-41 (42)`. */
export function ranges(names: readonly string[]): readonly string[] {
  const numbers = names.map((name) => Number(name.slice(namePrefix.length))).sort((a, b) => a - b);
  const runs: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && number === last.to + 1) last.to = number;
    else runs.push({ from: number, to: number });
  }
  return runs.map(({ from, to }) =>
    from === to ? `${namePrefix}${from} (1)` : `${namePrefix}${from} … ${namePrefix}${to} (${to - from + 1})`,
  );
}
