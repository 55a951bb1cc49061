import { TextInput } from '@mantine/core';
import type { ReactNode } from 'react';

interface FindFieldProps {
  readonly placeholder: string;
  readonly value: string | undefined;
  /** Undefined: nothing is looked for. */
  readonly find: (text: string | undefined) => void;
}

/** Narrows a table while somebody types. */
export const FindField = ({ placeholder, value = '', find }: FindFieldProps): ReactNode => (
  <TextInput
    label="Find"
    placeholder={placeholder}
    value={value}
    onChange={(event) => find(event.currentTarget.value || undefined)}
    style={{ flex: '1 1 14rem', maxWidth: 360 }}
  />
);
