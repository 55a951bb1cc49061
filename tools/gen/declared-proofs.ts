import ts from 'typescript';
import { failures, markOf, operations, outcomes, type Proof } from '@lapidary/testing/proves';

export interface DeclaredProof extends Proof {
  /** From the root of the repository. */
  readonly file: string;
  readonly title: string;
}

/** Also over a table: then each of its cases is part of the proof. */
const isTester = (node: ts.Expression): boolean =>
  /^(it|test)$/.test(node.getText()) || (ts.isCallExpression(node) && /^(it|test)\.each$/.test(node.expression.getText()));

/**
 * The proofs that a test file declares, read from its source. Throws where one can't be read, is no test's title, or belongs to a test
 * that never runs: what the table says must be what runs.
 */
export const declaredProofs = (file: string, text: string): DeclaredProof[] => {
  if (!text.includes('proves(')) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: DeclaredProof[] = [];
  const fail = (node: ts.Node, why: string): never => {
    throw new Error(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${why}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'proves') found.push(...read(node));
    ts.forEachChild(node, visit);
  };
  const read = (call: ts.CallExpression): DeclaredProof[] => {
    const { parent } = call;
    if (!ts.isCallExpression(parent) || parent.arguments[0] !== call || !isTester(parent.expression))
      return fail(call, 'proves() is the title of an it() or test() that is neither skipped nor focused');
    const [title, ...proofs] = call.arguments;
    if (!title || !ts.isStringLiteralLike(title)) return fail(call, 'the title is a literal');
    return proofs.map((proof) => {
      if (!ts.isObjectLiteralExpression(proof)) return fail(proof, 'a proof is a literal object');
      const value = (name: string, known: object): string => {
        const property = proof.properties.find((p) => p.name?.getText() === name);
        if (!property || !ts.isPropertyAssignment(property) || !ts.isStringLiteralLike(property.initializer))
          return fail(proof, `${name} is a literal`);
        const { text: key } = property.initializer;
        return Object.hasOwn(known, key) ? key : fail(proof, `there is no ${name} "${key}"`);
      };
      const said = { operation: value('operation', operations), failure: value('failure', failures), outcome: value('outcome', outcomes) };
      return { ...(said as Proof), file, title: title.text };
    });
  };
  visit(source);
  return found;
};

/** Proofs that a run of their file did not bring: no test of that title is among those that passed. */
export const unproved = (declared: readonly DeclaredProof[], passedTitles: readonly string[]): DeclaredProof[] =>
  declared.filter((proof) => {
    // jest writes the case of a table into the title, at the first % of its form.
    const begins = proof.title.split('%', 1)[0]!;
    return !passedTitles.some((title) => title.startsWith(begins) && title.includes(markOf(proof)));
  });
