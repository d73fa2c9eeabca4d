import { expect, test } from "vitest";
import { idleSlot, inSlot, servingContainer } from "../../src/core/serving.js";
import { aContainer, aView } from "../support/builders.js";

const green = aContainer({ id: "container-2", slot: "green" });

test("what serves is what runs where the pointer says", () => {
  const view = aView({ containers: [green, aContainer()] });
  expect(servingContainer(view)?.id).toBe("container-1");
  expect(servingContainer({ ...view, pointer: { mode: "solo", live: "green" } })?.id).toBe("container-2");
});

test.each([
  ["no pointer", aView({ pointer: null })],
  ["an empty slot", aView({ containers: [green] })],
  ["a container that has exited", aView({ containers: [aContainer({ stage: "exited" }), green] })],
])("with %s nothing serves", (_, view) => {
  expect(servingContainer(view)).toBeNull();
});

test("a slot that the pointer names is never idle, and of a pair both are named", () => {
  expect(idleSlot(null)).toBe("blue");
  expect(idleSlot({ mode: "solo", live: "blue" })).toBe("green");
  expect(idleSlot({ mode: "solo", live: "green" })).toBe("blue");
  expect(idleSlot({ mode: "pair", live: "green", standby: "blue" })).toBeNull();
});

test("an empty slot has no container", () => {
  expect(inSlot(aView(), "green")).toBeNull();
});
