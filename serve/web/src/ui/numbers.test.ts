import { describe, expect, it } from 'vitest'

import { alone, areaPath, linePath, placesOf, timeMarks } from './chartShapes'
import { marks } from './numbers'

describe('the marks of an axis', () => {
  it('are round and go over both ends', () => {
    expect(marks(0, 87, 4)).toEqual([0, 25, 50, 75, 100])
    expect(marks(0, 1, 4)).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(marks(-12, 40, 4)).toEqual([-20, 0, 20, 40])
  })
})

describe('shapes', () => {
  const places = placesOf({ count: 3, width: 20, height: 10, left: 0, right: 0, top: 0, bottom: 0, low: 0, high: 10 })
  it('have a gap where there is no value', () => {
    expect(linePath([0, null, 10], places)).toBe('M0 10h0.1M20 0h0.1')
    expect(linePath([0, 5, 10], places)).toBe('M0 10L10 5L20 0')
  })
  it('show a value that has no neighbour', () => {
    expect(alone([null, 3, null, 1, 2, null, 4])).toEqual([1, 6])
  })
  it('close areas on the line of zero', () => {
    expect(areaPath([5, 5, null], places)).toBe('M0 10L0 5L10 5L10 10Z')
  })
  it('find the nearest window', () => {
    expect([-5, 4, 6, 99].map(places.nearest)).toEqual([0, 0, 1, 2])
  })
  it('put few times below many windows', () => {
    expect(timeMarks(Array.from({ length: 60 }, (_, index) => index), 6)).toEqual([5, 15, 25, 35, 45, 55])
  })
})
