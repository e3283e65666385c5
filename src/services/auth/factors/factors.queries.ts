// Reads of second factors.
import { limits } from '#config/limits.ts';
import { FactorSets, type Factors } from './factors.model.ts';

/** The second factors of an account, or null where it never had any. */
export async function findFactors(userId: string): Promise<Factors | null> {
  return await FactorSets.native().findOne({ _id: userId }, { maxTimeMS: limits.mongoMs });
}
