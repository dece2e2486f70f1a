/** What a check found. `todo` says what to do about it. */
export interface Finding {
  check: string;
  status: "ok" | "warning" | "failed" | "skipped";
  detail: string;
  todo?: string;
}

export function ok(check: string, detail: string): Finding {
  return { check, status: "ok", detail };
}

export function warning(check: string, detail: string, todo: string): Finding {
  return { check, status: "warning", detail, todo };
}

export function failed(check: string, detail: string, todo: string): Finding {
  return { check, status: "failed", detail, todo };
}

export function skipped(check: string, detail: string): Finding {
  return { check, status: "skipped", detail };
}
