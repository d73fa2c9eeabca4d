import { CATALOGUE } from "../../src/errors.js";

/** One section per code of the catalogue, in its order, so that a code in a message leads to its anchor. */
export function errorSections(): string {
  return Object.entries(CATALOGUE)
    .map(([code, { cause, next }]) => `### \`${code}\`\n\n${cause}\n\n**Next:** ${next}\n`)
    .join("\n");
}
