import { createServer } from "./server.js";

const server = createServer().listen(3000);
// Requests in flight are finished, then the process ends by itself.
process.on("SIGTERM", () => server.close());
