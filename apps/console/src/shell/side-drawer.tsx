import { Drawer, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** One thing in full, beside the list that it was opened from. */
export const SideDrawer = ({ title, close, children }: { title: string; close: () => void; children: ReactNode }): ReactNode => (
  <Drawer
    opened
    onClose={close}
    position="right"
    size="lg"
    title={<Text fw={650}>{title}</Text>}
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    {children}
  </Drawer>
);
