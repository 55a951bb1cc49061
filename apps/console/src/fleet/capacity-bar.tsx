import { Group, Progress, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Beyond these shares somebody should think of the next stamp, and soon. */
const highShare = 0.75;
const fullShare = 0.9;

const colourOf = (share: number): string => (share >= fullShare ? 'red.8' : share >= highShare ? 'orange.8' : 'cyan.8');

/** Units taken of the capacity: the figure is what is read, the bar is what is compared. */
export const CapacityBar = ({ label, taken, capacity }: { label: string; taken: number; capacity: number }): ReactNode => {
  const share = capacity === 0 ? 0 : taken / capacity;
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress.Root size="md" w={{ base: 44, sm: 90 }} style={{ flexShrink: 0 }}>
        <Progress.Section value={share * 100} color={colourOf(share)} aria-label={`${label}: ${taken} of ${capacity} units taken`} />
      </Progress.Root>
      <Text size="sm" className="numeric" component="span">
        {taken.toLocaleString('en')} / {capacity.toLocaleString('en')}
      </Text>
    </Group>
  );
};
