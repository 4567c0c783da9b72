/** Faults by script: calls that fail, calls that are never answered, calls that succeed and whose answer is lost. */
import * as v from 'valibot';

const faultSchema = v.strictObject({
  /** Of EC2, or `*` for any. */
  action: v.pipe(v.string(), v.minLength(1)),
  /** Default 1: how many calls it befalls. */
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
  /** Default 0: how many calls it lets pass before. */
  after: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  effect: v.variant('kind', [
    v.strictObject({
      kind: v.literal('fail'),
      code: v.pipe(v.string(), v.minLength(1)),
      message: v.optional(v.string(), 'Injected by the lab.'),
      status: v.optional(v.picklist([400, 401, 403, 412, 500, 503] as const), 400),
    }),
    /** The call does not happen, and the connection stays open without an answer. */
    v.strictObject({ kind: v.literal('hang') }),
    /** The call happens, and the connection stays open without an answer. */
    v.strictObject({ kind: v.literal('withhold-answer') }),
    /** The call happens, and the connection ends without an answer. */
    v.strictObject({ kind: v.literal('lose-answer') }),
  ]),
});

export type Fault = v.InferOutput<typeof faultSchema>;
export type FaultEffect = Fault['effect'];

/** Throws with what is wrong with it. */
export const readFault = (input: unknown): Fault => v.parse(faultSchema, input);

export class FaultScript {
  #faults: Fault[] = [];

  add(input: unknown): void {
    this.#faults.push(readFault(input));
  }

  clear(): void {
    this.#faults = [];
  }

  /** Those that are still to come. */
  get pending(): readonly Fault[] {
    return this.#faults;
  }

  /** What befalls this call; the first fault in order that is for it. */
  next(action: string): FaultEffect | undefined {
    const at = this.#faults.findIndex((fault) => fault.action === action || fault.action === '*');
    const fault = this.#faults[at];
    if (fault === undefined) return undefined;
    if (fault.after > 0) {
      this.#faults[at] = { ...fault, after: fault.after - 1 };
      return undefined;
    }
    if (fault.times === 1) this.#faults.splice(at, 1);
    else this.#faults[at] = { ...fault, times: fault.times - 1 };
    return fault.effect;
  }
}
