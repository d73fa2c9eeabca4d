import http from "node:http";
import ms from "ms";

const started = Date.now();

/** Answers `/` with a greeting and `/health` with how long the process has been up. */
export function createServer() {
  return http.createServer((request, response) => {
    if (request.url === "/health") return response.end(`ok, up ${ms(Date.now() - started)}\n`);
    if (request.url === "/") return response.end("Hello from npm\n");
    response.writeHead(404).end("not found\n");
  });
}
