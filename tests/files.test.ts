import { inject } from "vitest";
import { describeFiles } from "./support/file-behaviour.ts";

describeFiles(() => inject("addresses"));
