import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRecordingReporter } from "../src/effects/reporters/recording-reporter.js";
import { type Config, EvenkeelError, parseConfig, rollback } from "../src/index.js";
import { freePort } from "./effects/support/sshd.js";

/** A host that nobody can reach: what those are told who wait for the end of a run. */
const got: string[] = [];
const chat = createServer((request, answer) => {
  request.setEncoding("utf8").on("data", (text: string) => got.push(text));
  request.on("end", () => answer.writeHead(request.url === "/gone" ? 410 : 204).end());
});
let config: Config;
let chatUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => chat.listen(0, "127.0.0.1", resolve));
  chatUrl = `http://127.0.0.1:${(chat.address() as AddressInfo).port}`;
  config = parseConfig(
    `
app: shop
image: registry.example.com/team/shop
environments:
  production:
    host: 127.0.0.1
    port: ${await freePort()}
    user: deploy
    knownHosts: "[127.0.0.1]:1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMuoU8bzQkTVk1Jn2h8IaQn1sUcQmzQZ4p0yE0hJm9k"
    notify: [{ webhook: CHAT }, { webhook: GONE }, { webhook: FORGOTTEN }]
`,
    { file: "evenkeel.yaml" },
  );
});
afterAll(() => void chat.close());

test("a run that never reached its host ends with its reason everywhere, once, and without secrets", async () => {
  const reporter = createRecordingReporter();
  const secret = "a-secret-of-the-app";
  const error = await rollback(config, {
    credentials: {
      sshKey: "key",
      environmentFile: `CHAT=${chatUrl}/hook\nGONE=${chatUrl}/gone\nOTHER=${secret}\n`,
    },
    holder: `me with ${secret}`,
    reporter,
  }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(EvenkeelError);
  expect(error).toMatchObject({ report: null });
  const { code } = error as EvenkeelError;
  expect(code).toMatch(/^(ssh-unreachable|host-key-unknown)$/);

  const kinds = reporter.records.map(({ kind }) => kind);
  expect(kinds[0]).toBe("start");
  expect(kinds.filter((kind) => kind === "failed")).toHaveLength(1);
  expect(kinds).not.toContain("summary");
  const warnings = reporter.records.flatMap((record) => (record.kind === "note" ? [record.text] : []));
  expect(warnings).toEqual([
    "the webhook FORGOTTEN will not be told: its address is not among the secrets",
    "the webhook GONE was not told: it answered 410",
  ]);

  expect(got.map((text) => JSON.parse(text)).map(({ event, code, does }) => [event, code, does])).toEqual([
    ["aborted", code, "rollback"],
    ["aborted", code, "rollback"],
  ]);
  expect(got.join("") + JSON.stringify(reporter.records)).not.toContain(secret);
});
