import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { leaksIn, patternsOf } from "./secret-search.js";

const secrets = {
  TOKEN: "canary-5f0c9e/Ö+x",
  PEM: "-----BEGIN KEY-----\nMIGHAgEAMBMGByqG\nSM49AgEGCCqGSM49\n-----END KEY-----\n",
};
const { TOKEN } = secrets;

describe("the search for secrets finds one", () => {
  test.each<[string, string, string]>([
    ["as it is", `TOKEN=${TOKEN}`, "TOKEN as it is"],
    ["in JSON", JSON.stringify({ pem: secrets.PEM }), "PEM as it is"],
    ["in an address", `https://host/?t=${encodeURIComponent(TOKEN)}&x`, "TOKEN as part of an address"],
    ["in a form", new URLSearchParams({ t: TOKEN }).toString(), "TOKEN as part of an address"],
    ["in hexadecimal", Buffer.from(`x${TOKEN}y`).toString("hex"), "TOKEN as hexadecimal"],
    ["in upper-case hexadecimal", Buffer.from(TOKEN).toString("hex").toUpperCase(), "TOKEN as hexadecimal"],
    ["in base64", Buffer.from(TOKEN).toString("base64"), "TOKEN as base64"],
    ["in base64 as a password", Buffer.from(`a:${TOKEN}`).toString("base64"), "TOKEN as base64"],
    ["in base64 within more", Buffer.from(`{"t":"${TOKEN}"}`).toString("base64"), "TOKEN as base64"],
    ["in base64 for addresses", Buffer.from(`robot:${TOKEN}!`).toString("base64url"), "TOKEN as base64"],
    ["of several lines, one line of it", "key: SM49AgEGCCqGSM49", "PEM as it is"],
    ["of several lines, on one line", secrets.PEM.replaceAll("\n", " "), "PEM as it is"],
  ])("%s", (_, text, found) => expect(leaksIn(text, secrets)).toContain(found));

  test("in bytes that are no text", () => {
    const bytes = Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from(TOKEN), Buffer.from([0])]);
    expect(leaksIn(bytes, secrets)).toEqual(["TOKEN as it is"]);
    expect(leaksIn(inflateSync(deflateSync(bytes)), secrets)).toEqual(["TOKEN as it is"]);
  });
});

test("the search for secrets finds none where there is none", () => {
  expect(leaksIn("-----BEGIN KEY-----\ncanary-5f0c9\n-----END KEY-----", secrets)).toEqual([]);
  expect(leaksIn(Buffer.from("canary-5f0c9").toString("base64"), secrets)).toEqual([]);
});

test("grep is given no pattern that everything matches", () => {
  const patterns = patternsOf(secrets).trimEnd().split("\n");
  expect(patterns.length).toBeGreaterThan(10);
  for (const pattern of patterns) expect(pattern.length).toBeGreaterThan(11);
});
