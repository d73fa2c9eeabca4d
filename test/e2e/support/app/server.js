// An app that fails as it is told by BEHAVIOUR, in JSON. Every time is in milliseconds since its first
// visitor: a candidate has none before the switch, so that a slow machine changes nothing.
const http = require("node:http");

const behaviour = JSON.parse(process.env.BEHAVIOUR || "{}");
const version = process.env.VERSION ?? "?";
let firstVisit = null;
let visits = 0;
const after = (ms) => ms !== undefined && firstVisit !== null && Date.now() - firstVisit >= ms;

// A window title, a clipboard, a cleared screen, a link, a move of the cursor, and a line's direction.
const escapes =
  "\u001b]0;owned\u0007\u001b]52;c;b3duZWQ=\u0007\u001b[2J\u001b]8;;http://x/\u001b\\\u009b31m\u202eowned\r\u0008";
if (behaviour.tells) console.log(JSON.stringify(process.env));
if (behaviour.logsMiB !== undefined) {
  const piece = Buffer.from(`${escapes}${"x".repeat(32 * 1024)}`);
  for (let pieces = behaviour.logsMiB * 32; pieces > 0; pieces--)
    for (let at = 0; at < piece.length; ) at += require("node:fs").writeSync(1, piece, at);
}
if (behaviour.exitAtStart !== undefined) {
  console.error("cannot start: the configuration of the database is missing");
  process.exit(behaviour.exitAtStart);
}
// Not in one piece: what is never written to takes no memory.
const _needed = Array.from({ length: behaviour.needsMiB ?? 0 }, () => Buffer.alloc(1024 * 1024, 1));

function health(response) {
  if (after(behaviour.hangAfter)) return;
  if (behaviour.health === "missing") return response.writeHead(404).end("no such page");
  if (behaviour.health === "redirect") return response.writeHead(302, { location: "/login" }).end();
  if (behaviour.health === "fails") return response.writeHead(503).end("the cache is cold");
  if (behaviour.tells) return response.writeHead(503).end(JSON.stringify(process.env));
  if (behaviour.health === "escapes")
    return response.writeHead(503, "\u009bno").end(`${escapes}the cache is cold`);
  if (behaviour.health === "endless") {
    response.writeHead(200, { "x-much": "y".repeat(60_000), "x-more": "y".repeat(60_000) });
    return pour(response, "x".repeat(65_536), 10);
  }
  if (behaviour.health === "drips") return pour(response, "x", 100);
  if (behaviour.database === undefined) return response.end(`ok ${version}`);
  http
    .get(behaviour.database, (answer) => answer.resume().on("end", () => response.end("ok")))
    .on("error", () => response.writeHead(503).end("the database does not answer"));
}

function pour(response, text, everyMs) {
  const timer = setInterval(() => response.write(text), everyMs);
  response.on("close", () => clearInterval(timer));
}

function visit(request, response) {
  if (firstVisit === null) {
    firstVisit = Date.now();
    if (behaviour.dieAfter !== undefined) setTimeout(die, behaviour.dieAfter);
  }
  visits += 1;
  if (after(behaviour.hangAfter)) return;
  const broken =
    after(behaviour.brokenAfter) ||
    (request.method === "GET" && after(behaviour.brokenGetsAfter)) ||
    (behaviour.errorEvery !== undefined && visits % behaviour.errorEvery === 0);
  if (broken) return response.writeHead(500).end("broken");
  setTimeout(
    () => response.end(`version ${version}\n`),
    after(behaviour.slowAfter) ? behaviour.slowByMs : (behaviour.takesMs ?? 0),
  );
}

function die() {
  console.error("fatal: out of luck");
  process.exit(3);
}

const server = http.createServer((request, response) => {
  if (request.url === "/health") return health(response);
  if (request.url === "/env") return response.end(JSON.stringify(process.env));
  if (request.url === "/stream") return pour(response, `version ${version}\n`, 100);
  visit(request, response);
});
// No WebSocket's frames, only its connection: what comes is sent back with the version.
server.on("upgrade", (_, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  socket.on("data", (data) => socket.write(`version ${version}: ${data}`));
  socket.on("error", () => {});
});
setTimeout(() => {
  server.listen(3000, () => console.log(`version ${version} listens on 3000`));
}, behaviour.startsAfter ?? 0);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
