import { expect, test } from "vitest";
import { render, variablesOf } from "./template.ts";

test("variables are put where the template names them", () => {
  expect(render("Hi {{name}}, {{ name }}: {{city}}", { name: "Ada", city: "Rome" })).toBe(
    "Hi Ada, Ada: Rome",
  );
  expect(variablesOf("Hi {{name}}, {{ name }}: {{city}}")).toEqual(["name", "city"]);
});

test("a value is not a template", () => {
  expect(render("{{a}}", { a: "{{b}} $& $1", b: "no" })).toBe("{{b}} $& $1");
});

test("only variables that were given count, and other braces stay", () => {
  expect(render("{{constructor}} {x} {{ }}", {})).toBe("{{constructor}} {x} {{ }}");
});
