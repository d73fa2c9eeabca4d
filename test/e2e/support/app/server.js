// An app that fails as it is told: BEHAVIOUR is JSON, every time in milliseconds since its start.
const http = require("node:http");

const behaviour = JSON.parse(process.env.BEHAVIOUR || "{}");
const since = Date.now();
const after = (ms) => ms !== undefined && Date.now() - since >= ms;

if (behaviour.exitAtStart !== undefined) {
  console.error("cannot start: the configuration of the database is missing");
  process.exit(behaviour.exitAtStart);
}
if (behaviour.dieAfter !== undefined) {
  setTimeout(() => {
    console.error("fatal: out of luck");
    process.exit(3);
  }, behaviour.dieAfter);
}

function health(response) {
  if (behaviour.health === "missing") return response.writeHead(404).end("no such page");
  if (behaviour.health === "redirect") return response.writeHead(302, { location: "/login" }).end();
  if (behaviour.health === "fails" || after(behaviour.healthFailsAfter)) {
    return response.writeHead(503).end("the database does not answer");
  }
  response.end(`ok ${process.env.VERSION ?? ""}`);
}

const server = http.createServer((request, response) => {
  if (request.url === "/health") return health(response);
  if (request.url === "/env") return response.end(JSON.stringify(process.env));
  const broken =
    after(behaviour.brokenAfter) ||
    (request.method === "GET" && after(behaviour.brokenGetsAfter)) ||
    Math.random() < (behaviour.errorRate ?? 0);
  if (broken) return response.writeHead(500).end("broken");
  setTimeout(
    () => response.end(`version ${process.env.VERSION ?? "?"}\n`),
    after(behaviour.slowAfter) ? 8_000 : 0,
  );
});
setTimeout(() => server.listen(3000, () => console.log("listening on 3000")), behaviour.startsAfter ?? 0);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
