import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { allFeatures } from './process/features.js';
import { ProcessModule } from './process/process.module.js';
import type { ProcessResources } from './process/resources.js';

/** A process is what is shared plus a list of features. */
@Module({})
export class AppModule {
  static of(resources: ProcessResources, features: readonly Type[] = allFeatures): DynamicModule {
    return { module: AppModule, imports: [ProcessModule.of(resources), ...features] };
  }
}
