import { Badge, type BadgeProps } from "@radix-ui/themes";
import { states } from "../strings.ts";

const colors: Record<string, BadgeProps["color"]> = {
  connected: "green",
  logged_out: "red",
  disconnected: "gray",
  created: "gray",
};

/** The state of a session in words, coloured by whether it works. */
export function StateBadge({ state }: { state: string }) {
  return <Badge color={colors[state] ?? "amber"}>{states[state] ?? state}</Badge>;
}
