const special = /["\\]/;
const escaped = /["\\]/g;

/**
 * Texts as PostgreSQL reads an array, for a parameter that is cast (`$1::text[]`). pg's own way looks at each element three times, which for the columns of
 * hundreds of rows is more than sending them.
 */
export const textArray = (values: readonly (string | null)[]): string => {
  if (values.length === 0) return '{}';
  if (!values.includes(null)) {
    const body = values.join('');
    if (!special.test(body)) return `{"${values.join('","')}"}`;
  }
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replace(escaped, '\\$&')}"`)).join(',')}}`;
};

/** As textArray, for what has no need of quotation marks: numbers and booleans. */
export const plainArray = (values: readonly (number | boolean)[]): string => `{${values.join(',')}}`;
