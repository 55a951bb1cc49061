/** Labels are bounded: outcomes are DNS codes and TRUNCATED, reasons and verdicts lists in the code. */
export const dnsMetricDeclarations = {
  lapidary_router_dns_answers_total: { type: 'counter', help: 'Answers of the name server by code', labels: ['transport', 'outcome'] },
  lapidary_router_dns_dropped_total: { type: 'counter', help: 'Messages to the name server that got no answer', labels: ['reason'] },
  lapidary_router_dns_limited_total: {
    type: 'counter',
    help: 'Questions over UDP from a network that asks too often: answered cut, or dropped',
    labels: ['verdict'],
  },
} as const;
