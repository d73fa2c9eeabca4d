import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pages, root } from "./support/pages.js";

/** The workflows that users copy, and this repository's own. */
const examples = readdirSync(join(root, "examples/workflows")).map((name) => `examples/workflows/${name}`);
const own = readdirSync(join(root, ".github/workflows")).map((name) => `.github/workflows/${name}`);
const shown = pages().find(({ path }) => path === "docs/github-actions.md")?.text ?? "";

it.each(examples)("%s is what the page shows", (path) => {
  expect(shown).toContain(`\`\`\`yaml\n${readFileSync(join(root, path), "utf8")}\`\`\``);
});

describe.each([...examples, ...own])("%s", (path) => {
  const text = readFileSync(join(root, path), "utf8");
  const workflow = parse(text);

  it("pins what others wrote to a commit, and says which version that is", () => {
    const used = [...text.matchAll(/uses: (\S+)(.*)$/gm)].map(
      ([, what = "", comment = ""]) => what + comment,
    );
    const foreign = used.filter((what) => !/^(OWNER\/evenkeel@v1|\.\/)$/.test(what));
    expect(foreign.length).toBeGreaterThan(0);
    for (const what of foreign) expect(what).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("may only read, and leaves no token behind in the checkout", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(text.match(/actions\/checkout@/g)).toHaveLength(
      text.match(/persist-credentials: false/g)?.length ?? 0,
    );
  });

  it("never cancels a deploy or a rollback, and lets one wait for the other", () => {
    const writes = /secrets\.SSH_KEY/.test(text);
    if (writes) expect(workflow.concurrency).toEqual({ group: "production", "cancel-in-progress": false });
    else expect(text).not.toContain("secrets.");
  });

  it("gives the action only inputs that it has", () => {
    const { inputs } = parse(readFileSync(join(root, "action.yml"), "utf8"));
    const jobs = Object.values(
      workflow.jobs as Readonly<Record<string, { readonly steps: readonly Step[] }>>,
    );
    const ours = jobs.flatMap(({ steps }) => steps).filter(({ uses }) => /evenkeel@|^\.\/$/.test(uses ?? ""));
    expect(ours.length).toBeGreaterThan(0);
    for (const step of ours)
      for (const name of Object.keys(step.with ?? {})) expect(Object.keys(inputs)).toContain(name);
  });
});

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
