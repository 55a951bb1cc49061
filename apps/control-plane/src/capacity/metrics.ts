/** P-ST3: how much room is left, and what stands in the way of more. */
export const capacityMetrics = {
  lapidary_capacity_headroom_percent: { type: 'gauge', help: 'Free share of the units of pooled stamps that take tenants', labels: [] },
  lapidary_capacity_days_to_full: { type: 'gauge', help: 'At the present rate; -1 while it does not fill up', labels: [] },
  lapidary_capacity_unfit_units: { type: 'gauge', help: 'Units of waiting tenants for which no stamp has room', labels: [] },
  lapidary_capacity_due: { type: 'gauge', help: '1 while another stamp is due, by what makes it due', labels: ['trigger'] },
  lapidary_capacity_blocked: { type: 'gauge', help: '1 while one that is due is not built, by what stands in the way', labels: ['by'] },
  lapidary_capacity_looks_total: { type: 'counter', help: 'Looks at the region’s room', labels: ['outcome'] },
} as const;
