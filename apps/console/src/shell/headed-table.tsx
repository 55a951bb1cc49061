import { Box, Table, type TableThProps } from '@mantine/core';
import type { ReactNode } from 'react';

/** The head of a column of figures, which stand to the right. */
export const figures = (title: string): TableThProps => ({ ta: 'right', children: title });

interface HeadedTableProps {
  /** What the rows are, in the plural. */
  readonly label: string;
  readonly head: readonly (string | TableThProps)[];
  readonly highlightOnHover?: boolean;
  readonly children: ReactNode;
}

/** Rows under a head. Where it is too wide it scrolls by itself and not the page; keys scroll what has the focus, so it takes that too. */
export const HeadedTable = ({ label, head, highlightOnHover = false, children }: HeadedTableProps): ReactNode => (
  <Box className="scroll-x" tabIndex={0} role="region" aria-label={`${label}, table`}>
    <Table aria-label={label} verticalSpacing="xs" highlightOnHover={highlightOnHover}>
      <Table.Thead>
        <Table.Tr>
          {head.map((column, n) => (
            <Table.Th key={n} {...(typeof column === 'string' ? { children: column } : column)} />
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>{children}</Table.Tbody>
    </Table>
  </Box>
);
