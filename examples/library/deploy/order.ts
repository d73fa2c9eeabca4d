import { readFileSync } from "node:fs";
import type { Config, Credentials, DeployOptions } from "evenkeel";
import api from "./api.ts";
import { orderGate } from "./order-gate.ts";
import web from "./web.ts";

export interface Step {
  readonly config: Config;
  readonly options: Omit<DeployOptions, "image">;
}

/** What is secret comes from outside: texts, whose source is yours to choose. */
const credentials: Credentials = {
  ...optional("sshKey", process.env.SSH_KEY_FILE && readFileSync(process.env.SSH_KEY_FILE, "utf8")),
  ...optional("registryPassword", process.env.REGISTRY_PASSWORD),
};

/** The web's pages use the api, so the api goes first, and the web only after it is stable. */
export const order: readonly Step[] = [
  { config: api, options: { credentials } },
  { config: web, options: { credentials, promotionGate: orderGate("https://www.example.com") } },
];

function optional<Name extends keyof Credentials>(name: Name, value: string | undefined) {
  return value ? { [name]: value } : {};
}
