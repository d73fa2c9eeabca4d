const required = ["DATABASE_URL", "UNLEASH_SECRET"];

/**
 * Unleash's options from the environment. Names every missing variable at once, because a release that
 * lacks two should not need two deploys to say so.
 */
export function readSettings(env) {
  const missing = required.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new Error(`missing from the environment: ${missing.join(", ")}`);
  }
  return {
    databaseUrl: env.DATABASE_URL,
    server: {
      port: Number(env.PORT ?? 4242),
      secret: env.UNLEASH_SECRET,
      // Requests in flight at SIGTERM have this long; shorter than `deploy.drain`, so that Docker never kills.
      gracefulShutdownTimeout: 10_000,
      // Longer than the proxy keeps an idle connection, or a request could meet a connection just being closed.
      keepAliveTimeout: 150_000,
      headersTimeout: 151_000,
    },
    // Shown in the footer of the web interface.
    ui: { slogan: "Flags for the team" },
    // A server asks nobody on the internet whether it is up to date: the lockfile says what runs.
    versionCheck: { enable: false },
  };
}
