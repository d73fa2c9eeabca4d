import { readFileSync } from "node:fs";
import { type Credentials, loadConfig } from "evenkeel";

/** The configuration, checked as a whole: every mistake in it is told at once. */
export const config = loadConfig("evenkeel.yaml");

/** What is secret comes from outside: texts, whose source is yours to choose. */
export const credentials: Credentials = {
  ...optional("sshKey", process.env.SSH_KEY_FILE && readFileSync(process.env.SSH_KEY_FILE, "utf8")),
  ...optional("environmentFile", process.env.PRODUCTION_ENV),
  ...optional("registryPassword", process.env.REGISTRY_PASSWORD),
};

function optional<Name extends keyof Credentials>(name: Name, value: string | undefined) {
  return value ? { [name]: value } : {};
}
