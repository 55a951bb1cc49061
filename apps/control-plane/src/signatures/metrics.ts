/** `file`: `signing` (this region's own keys) or `peers` (those of the others). */
export const signatureMetrics = {
  lapidary_region_keys: {
    type: 'gauge',
    help: '1 for each key by which this replica believes a region; its own region’s keys too',
    labels: ['region', 'kid'],
  },
  lapidary_region_key_reloads_total: {
    type: 'counter',
    help: 'Changes of a file of region keys that this replica has seen: taken, or refused since they can’t be used',
    labels: ['file', 'outcome'],
  },
  lapidary_region_key_file_refused: {
    type: 'gauge',
    help: '1 while what a file of region keys says can’t be used; the keys before it are in force',
    labels: ['file'],
  },
} as const;
