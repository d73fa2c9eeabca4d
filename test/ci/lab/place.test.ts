import { describe, expect, it } from "vitest";
import { findPlace } from "../../../ci/lab/place.js";

describe("findPlace", () => {
  it("lies outside of the checkout, where caches belong", () => {
    expect(findPlace({ XDG_CACHE_HOME: "/c" }).home).toBe("/c/evenkeel-lab");
    expect(findPlace({ EVENKEEL_LAB_HOME: "/elsewhere", XDG_CACHE_HOME: "/c" }).home).toBe("/elsewhere");
    expect(findPlace({}).home).toMatch(/\.cache\/evenkeel-lab$/);
  });

  it("gives two labs on one Docker daemon different names, each with the lab's prefix", () => {
    const [one, other] = [findPlace({ EVENKEEL_LAB_HOME: "/a" }), findPlace({ EVENKEEL_LAB_HOME: "/b" })];
    expect(one.name("engine")).toMatch(/^evenkeel-lab-[0-9a-f]{4}-engine$/);
    expect(one.name("engine")).not.toBe(other.name("engine"));
  });
});
