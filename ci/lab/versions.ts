/** What the lab builds where it cannot pull, or names where it can. */
export const versions = {
  dagger: "v0.21.8",
  node: "24",
  npm: "11",
  caddy: "2.11.9",
  debian: "bookworm",
} as const;

/** The image names a user would write, and the lab's image that answers to each. */
export const publicNames: Readonly<Record<string, readonly string[]>> = {
  debian: ["debian:bookworm-slim", "debian:bookworm"],
  node: ["node:24-bookworm-slim"],
  caddy: ["caddy:2", "caddy:2.11", `caddy:${versions.caddy}`, "caddy:latest"],
  postgres: ["postgres:15", "postgres:15-bookworm"],
  python: ["python:3.11-slim", "python:3.11-slim-bookworm"],
};

export const officialEngine = `registry.dagger.io/engine:${versions.dagger}`;
