/*
 * Rules of Croissant 1.1 (2026-01-29) that a JSON file can be checked against without a JSON-LD processor: required properties, kinds of nodes, unique identifiers, references that
 * lead somewhere. Written from the specification; shares nothing with the product.
 */

type Node = Record<string, unknown>
const asList = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

const required = ['@context', '@type', 'conformsTo', 'description', 'license', 'name', 'url', 'creator', 'datePublished', 'distribution']
const dataTypes = ['sc:Boolean', 'sc:Date', 'sc:DateTime', 'sc:Float', 'sc:Integer', 'sc:Text', 'cr:Int32', 'cr:Float32', 'cr:Split', 'cr:Label']
const contextTerms: Record<string, string> = {
  '@vocab': 'http://schema.org/', cr: 'http://mlcommons.org/croissant/', sc: 'http://schema.org/', rai: 'http://mlcommons.org/croissant/RAI/', dct: 'http://purl.org/dc/terms/', conformsTo: 'dct:conformsTo',
  recordSet: 'cr:recordSet', field: 'cr:field', source: 'cr:source', extract: 'cr:extract', column: 'cr:column', key: 'cr:key', includes: 'cr:includes', fileObject: 'cr:fileObject', references: 'cr:references',
}
/** Properties of the RAI vocabulary 1.0 that the product uses. */
const raiTerms = [
  'dataCollection', 'dataCollectionType', 'dataCollectionMissingData', 'dataPreprocessingProtocol', 'dataAnnotationProtocol', 'machineAnnotationTools', 'personalSensitiveInformation', 'dataBiases',
  'dataLimitations', 'dataUseCases', 'dataReleaseMaintenancePlan',
]

/** What is wrong with it, one line each. `files`: names of what lies beside it. */
export function checkCroissant(json: Node, files: ReadonlyMap<string, { bytes: number; sha256: string }>): string[] {
  const wrong: string[] = []
  for (const name of required) if (json[name] === undefined || json[name] === '') wrong.push(`${name} is missing`)
  if (json['@type'] !== 'sc:Dataset') wrong.push('@type is not sc:Dataset')
  if (!asList(json.conformsTo).includes('http://mlcommons.org/croissant/1.1')) wrong.push('conformsTo does not name 1.1')
  const context = isNode(json['@context']) ? json['@context'] : {}
  for (const [term, iri] of Object.entries(contextTerms)) if (context[term] !== iri) wrong.push(`@context.${term}`)
  if (!isNode(context.dataType) || context.dataType['@type'] !== '@vocab') wrong.push('@context.dataType')
  if (!/^\d{4}-\d\d-\d\d$/.test(String(json.datePublished))) wrong.push('datePublished is no date')
  for (const name of Object.keys(json)) if (name.startsWith('rai:') && !raiTerms.includes(name.slice(4))) wrong.push(`${name} is no term of RAI 1.0`)
  const ids = new Map<string, string>()
  const define = (node: Node, type: string): void => {
    const id = node['@id']
    if (node['@type'] !== type) wrong.push(`${String(id)} is not a ${type}`)
    if (typeof id !== 'string') wrong.push(`a ${type} has no @id`)
    else if (ids.has(id)) wrong.push(`${id} is there twice`)
    else ids.set(id, type)
  }
  for (const node of asList(json.distribution).filter(isNode)) {
    if (node['@type'] === 'cr:FileSet') {
      define(node, 'cr:FileSet')
      const includes = asList(node.includes)
      if (includes.length === 0 || !includes.every((glob) => [...files.keys()].some((name) => globbed(String(glob), name)))) wrong.push(`${String(node['@id'])} includes nothing`)
    } else {
      define(node, 'cr:FileObject')
      const file = files.get(String(node.contentUrl))
      if (!file) wrong.push(`${String(node.contentUrl)} is not there`)
      else if (node.sha256 !== file.sha256 || node.contentSize !== `${file.bytes} B`) wrong.push(`${String(node.contentUrl)} is another`)
      if (typeof node.name !== 'string') wrong.push(`${String(node['@id'])} has no name`)
    }
    if (typeof node.encodingFormat !== 'string') wrong.push(`${String(node['@id'])} has no encodingFormat`)
  }
  const fields: Node[] = []
  for (const set of asList(json.recordSet).filter(isNode)) {
    define(set, 'cr:RecordSet')
    for (const field of asList(set.field).filter(isNode)) {
      define(field, 'cr:Field')
      fields.push(field)
      if (!String(field['@id']).startsWith(`${String(set['@id'])}/`)) wrong.push(`${String(field['@id'])} is not of ${String(set['@id'])}`)
    }
    for (const key of asList(set.key).filter(isNode)) if (!asList(set.field).filter(isNode).some((field) => field['@id'] === key['@id'])) wrong.push(`the key ${String(key['@id'])} is no field`)
  }
  for (const field of fields) {
    if (!asList(field.dataType).every((type) => dataTypes.includes(String(type))) || asList(field.dataType).length === 0) wrong.push(`${String(field['@id'])} has no known dataType`)
    const source = isNode(field.source) ? field.source : {}
    const object = isNode(source.fileObject) ? String(source.fileObject['@id']) : ''
    if (ids.get(object) !== 'cr:FileObject') wrong.push(`${String(field['@id'])} comes from nowhere`)
    if (!isNode(source.extract) || typeof source.extract.column !== 'string') wrong.push(`${String(field['@id'])} extracts nothing`)
    if (field.references !== undefined && (!isNode(field.references) || ids.get(String(field.references['@id'])) !== 'cr:Field')) wrong.push(`${String(field['@id'])} refers to nothing`)
    if (field.isArray === true && typeof field.arrayShape !== 'string') wrong.push(`${String(field['@id'])} has no arrayShape`)
  }
  return wrong
}

function globbed(glob: string, name: string): boolean {
  return new RegExp(`^${glob.split('*').map((part) => part.replace(/[.]/g, '\\.')).join('[^/]*')}$`).test(name)
}
