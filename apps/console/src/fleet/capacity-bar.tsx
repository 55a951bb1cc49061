import { Group, Progress, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { toneOfShare } from '../capacity/share.js';

const colours = { good: 'cyan.8', passing: 'orange.8', bad: 'red.8' } as const;

/** Units taken of the capacity: the figure is what is read, the bar is what is compared. */
export const CapacityBar = ({ label, taken, capacity }: { label: string; taken: number; capacity: number }): ReactNode => {
  const share = capacity === 0 ? 0 : taken / capacity;
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress.Root size="md" w={{ base: 44, sm: 90 }} style={{ flexShrink: 0 }}>
        <Progress.Section
          value={share * 100}
          color={colours[toneOfShare(share)]}
          aria-label={`${label}: ${taken} of ${capacity} units taken`}
        />
      </Progress.Root>
      <Text size="sm" className="numeric" component="span">
        {taken.toLocaleString('en')} / {capacity.toLocaleString('en')}
      </Text>
    </Group>
  );
};
