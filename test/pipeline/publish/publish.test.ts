import { expect, it } from "vitest";
import { isPassing } from "../../../src/pipeline/publish/publish.js";

it.each([
  "failed to push: unexpected status from PUT request: 429 Too Many Requests",
  "unexpected status from POST request to https://example.com/v2/a/blobs/uploads/: 503 Service Unavailable",
  "toomanyrequests: You have reached your rate limit",
  "read tcp 10.0.0.1:4321->10.0.0.2:443: connection reset by peer",
])("tries again after: %s", (words) => {
  expect(isPassing(words)).toBe(true);
});

it.each([
  "unexpected status from POST request to https://example.com/v2/a/blobs/uploads/: 401 Unauthorized",
  "push access denied, repository does not exist or may require authorization",
  "blob sha256:4290000000000000000000000000000000000000000000000000000000000500 not found",
])("does not try again after: %s", (words) => {
  expect(isPassing(words)).toBe(false);
});
