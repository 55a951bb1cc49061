/** Where a list of names is: its count, and the words of its texts. */
export interface NameList {
  readonly countAt: number;
  readonly textsAt: number;
  readonly max: number;
}
