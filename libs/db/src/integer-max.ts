/** The largest that a column of type `integer` holds, as those of epochs and counts are. */
export const integerMax = 2 ** 31 - 1;
