import { Module } from '@nestjs/common';
import { CollectionTools } from './collection-tools.js';
import { CollectionsController } from './collections.controller.js';
import { DocumentsController } from './documents.controller.js';
import { DocumentWriter } from './document-writer.js';

@Module({
  controllers: [CollectionsController, DocumentsController],
  providers: [CollectionTools, DocumentWriter],
  exports: [CollectionTools],
})
export class CollectionsModule {}
