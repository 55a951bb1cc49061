import { usualUrgency } from './traffic-policy.js';

/** The parameter u of a structured dictionary (RFC 9218 §4.1): one digit, alone as a member. */
const urgencyParameter = /(?:^|,)[ \t]*u=([0-7])[ \t]*(?:$|[,;])/;

/** Urgency that the Priority header asks for; what can't be read means the usual one (RFC 9218 §4: ignored). */
export const urgencyOf = (priority: string | string[] | undefined): number => {
  if (typeof priority !== 'string') return usualUrgency;
  const digit = urgencyParameter.exec(priority)?.[1];
  return digit === undefined ? usualUrgency : Number(digit);
};
