/**
 * Preloaded into a component, it makes its clock wrong by CLOCK_SHIFT_MS, as on a machine without
 * NTP. Timers and performance.now() are not affected, as there.
 */
const shiftMs = Number(process.env["CLOCK_SHIFT_MS"] ?? 0);
const realNow = Date.now;
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...args: [] | [value: number | string | Date]) {
    if (args.length === 0) super(realNow() + shiftMs);
    // oxlint-disable-next-line typescript/no-unsafe-argument -- passes on what Date accepts
    else super(...(args as [number]));
  }

  static override now(): number {
    return realNow() + shiftMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
