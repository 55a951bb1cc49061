/** One line of the doctor's report. `todo` is there whenever the state is not ok. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly todo?: string;
}

export const ok = (check: string, detail: string): Finding => ({ check, state: 'ok', detail });
export const warn = (check: string, detail: string, todo: string): Finding => ({ check, state: 'warn', detail, todo });
export const fail = (check: string, detail: string, todo: string): Finding => ({ check, state: 'fail', detail, todo });
