import { fileURLToPath } from "node:url";

/** One commit of the demo: what it says it does, and what it does to the files. */
export interface Change {
  readonly title: string;
  readonly edits: readonly { readonly file: string; readonly edit: (text: string) => string }[];
  /** Path of a patch to apply as well. */
  readonly patch?: string;
}

/** The slogan is what a visitor sees of a release, so the demo asks for it to know who answers. */
export function slogan(text: string): Change {
  return {
    title: `Say "${text}" in the footer`,
    edits: [{ file: "settings.js", edit: (source) => source.replace(/slogan: ".*"/, `slogan: "${text}"`) }],
  };
}

/** Another version of Unleash: the change that `npm install unleash-server@7.6.5` makes to the example. */
export const nextVersion: Change = {
  title: "Unleash 7.6.5",
  edits: [],
  patch: fileURLToPath(new URL("./unleash-7.6.5.patch", import.meta.url)),
};

/** Answers its health check with 503: what a release does whose dependency cannot be reached. */
export const unhealthy: Change = broken(
  "Be healthy only with a licence",
  `app.use("/health", (_request, response) => {
        console.error("health: the licence server does not answer");
        response.status(503).json({ health: "BAD" });
      })`,
);

/** Works for the first visitors, then answers 500 to everything but its health check: a leak of some kind. */
export const failsLater: Change = broken(
  "Take a connection for each request",
  `let taken = 0;
      app.use((request, response, next) => {
        if (request.path === "/health") return next();
        taken += 1;
        if (taken > 150) return response.status(500).send("no connection left");
        next();
      })`,
);

/** Works for the first visitors, then ends. Docker starts it again, and it ends again. */
export const diesLater: Change = broken(
  "Keep every request in memory",
  `let taken = 0;
      app.use((request, _response, next) => {
        if (request.path !== "/health") taken += 1;
        if (taken > 150) process.exit(1);
        next();
      })`,
);

/** A test that starts a server and never stops it, so that \`npm test\` never ends. */
export const neverClosed: Change = {
  title: "Test against a stub of the licence server",
  edits: [
    {
      file: "test/licence.test.js",
      edit: () => `import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

test("the licence server answers", async () => {
  const stub = createServer((_request, response) => response.end("valid"));
  await new Promise((resolve) => stub.listen(0, resolve));
  const answer = await fetch(\`http://127.0.0.1:\${stub.address().port}\`);
  assert.equal(await answer.text(), "valid");
});
`,
    },
    {
      file: "evenkeel.yaml",
      edit: (text) => text.replace("command: npm test", "command: npm test\n  silence: 20s"),
    },
  ],
};

/** A release with a fault in what it does with each request, told from others by its slogan. */
function broken(title: string, middleware: string): Change {
  const hook = `
    preHook: (app) => {
      ${middleware};
    },`;
  return {
    title,
    edits: [
      { file: "server.js", edit: (text) => text.replace("await start({", `await start({${hook}`) },
      ...slogan(title).edits,
    ],
  };
}
