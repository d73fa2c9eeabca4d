/** A process that searches the parts it is sent, one after the other. */
import { type Part, search } from "./search.js";

process.on("message", (part: Part) => {
  process.send?.(search(part));
});
