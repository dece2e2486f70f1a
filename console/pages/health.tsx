import { useQuery } from "@tanstack/react-query";
import { healthQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";

/** The state of each part that the control plane depends on. */
export function HealthPage() {
  const health = useQuery(healthQuery());
  return <Loaded query={health}>{(data) => <pre>{JSON.stringify(data, null, 2)}</pre>}</Loaded>;
}
