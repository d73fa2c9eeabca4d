import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { execute } from "../../../ci/lab/command.js";
import type { Lab, Target } from "../../../ci/lab/lab.js";

export interface CommittedProject {
  readonly path: string;
  write(files: Readonly<Record<string, string>>): void;
  commit(message: string): Promise<void>;
}

interface Deployed {
  readonly lab: Lab;
  readonly target: Target;
  readonly app: string;
  readonly domains?: readonly string[];
  /** What evenkeel.yaml says under `build`. */
  readonly build?: object;
}

/** A Node project as small as it can be, in a git repository of its own, to be deployed to a target of the lab. */
export async function createProject(
  path: string,
  { lab, target, app, domains = [], build = {} }: Deployed,
  more: Readonly<Record<string, string>> = {},
): Promise<CommittedProject> {
  const identity = { name: app, version: "1.0.0" };
  const project: CommittedProject = {
    path,
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), text);
      }
    },
    async commit(message) {
      const by = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.com"];
      await git(path, "add", "--all");
      await git(path, ...by, "commit", "--quiet", "--message", message);
    },
  };
  project.write({
    "package.json": JSON.stringify({ ...identity, main: "server.js", scripts: { test: "node test.js" } }),
    "package-lock.json": JSON.stringify({ ...identity, lockfileVersion: 3, packages: { "": identity } }),
    "server.js": `const server = require("node:http").createServer((request, response) => response.end("hello from one"));
server.listen(3000);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`,
    "test.js": "console.log('all well');\n",
    "evenkeel.yaml": stringify({
      app,
      image: `${lab.registry}/e2e/${app}`,
      build,
      container: { secrets: ["TOKEN"] },
      health: { interval: "200ms" },
      bake: { duration: "2s", interval: "500ms" },
      environments: {
        production: {
          host: target.host,
          user: "deploy",
          knownHosts: "known_hosts",
          registry: { username: "robot" },
          domains,
        },
      },
    }),
    known_hosts: `${target.hostKeyLine}\n`,
    ...more,
  });
  await git(path, "init", "--quiet", "--initial-branch=main");
  await project.commit("one");
  return project;
}

async function git(path: string, ...words: readonly string[]): Promise<void> {
  const { code, stderr } = await execute(["git", "-C", path, ...words]);
  if (code !== 0) throw new Error(`git ${words.join(" ")} ended with ${code}: ${stderr}`);
}
