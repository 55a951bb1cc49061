import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';

/** What stands below a form in a window: the way out, and what it is for. */
export const FormActions = ({ action, isPending, close }: { action: string; isPending: boolean; close: () => void }): ReactNode => (
  <Group justify="flex-end">
    <Button variant="default" onClick={close}>
      Cancel
    </Button>
    <Button type="submit" loading={isPending}>
      {action}
    </Button>
  </Group>
);
