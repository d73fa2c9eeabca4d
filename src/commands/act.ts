import { keyName } from "./names.js";
import { type Fragment, raw, sh } from "./quote.js";
import type { Vocabulary } from "./vocabulary.js";

/** Begins every script: where the key's state lies. */
export function place(vocabulary: Vocabulary): Fragment {
  return raw(sh`ek_at ${vocabulary.root ?? ""} ${keyName(vocabulary.key)}`);
}

/**
 * A script that acts: under the key's lock file, only while its fence number holds, and with the lease
 * renewed for its normal length and `extraMs` more.
 */
export function act(vocabulary: Vocabulary, fence: number, body: string, extraMs = 0): string {
  return sh`${place(vocabulary)}
ek_act ${fence} ${Math.ceil(extraMs)}
${raw(body)}`;
}

/** A ledger line without its first members, time and fence, which the host puts before it. */
export function ledgerRest(entry: object): string {
  return JSON.stringify(entry).slice(1);
}
