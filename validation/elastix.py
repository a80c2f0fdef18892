"""The rigid answer of elastix for two images, as an ITK transform, with its scatter over seeds and its time.

    python3 -m venv venv && venv/bin/pip install itk-elastix==0.25.4 SimpleITK==2.5.7
    venv/bin/python validation/elastix.py FIXED MOVING OUT

FIXED and MOVING are DICOM folders or images. Written to the folder OUT: fixed.nii.gz and moving.nii.gz (means of 2 x 2 x 2 voxels), elastix.tfm
(default parameter map "rigid") and elastix_converged.tfm (20000 samples, 500 iterations), both from the fixed to the moving image. Then:

    cargo run --release --example registration -- --against OUT/fixed.nii.gz OUT/moving.nii.gz OUT/elastix.tfm
"""

import os
import sys
import time

import itk
import numpy as np
import SimpleITK as sitk


def read(path):
    if os.path.isdir(path):
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(path))
        image = reader.Execute()
    else:
        image = sitk.ReadImage(path)
    return sitk.BinShrink(sitk.Cast(image, sitk.sitkFloat32), [2, 2, 2])


def run(fixed, moving, **settings):
    parameters = itk.ParameterObject.New()
    rigid = parameters.GetDefaultParameterMap("rigid")
    for key, value in settings.items():
        rigid[key] = [str(value)]
    parameters.AddParameterMap(rigid)
    start = time.time()
    _, found = itk.elastix_registration_method(fixed, moving, parameter_object=parameters)
    seconds = time.time() - start
    result = found.GetParameterMap(0)
    numbers = [float(x) for x in result["TransformParameters"]]
    centre = [float(x) for x in result["CenterOfRotationPoint"]]
    return sitk.Euler3DTransform(centre, *numbers[:3], numbers[3:]), seconds


def main(fixed_path, moving_path, out):
    os.makedirs(out, exist_ok=True)
    names = [os.path.join(out, name) for name in ("fixed.nii.gz", "moving.nii.gz")]
    fixed = read(fixed_path)
    sitk.WriteImage(fixed, names[0])
    sitk.WriteImage(read(moving_path), names[1])
    images = [itk.imread(name, itk.F) for name in names]
    values = sitk.GetArrayFromImage(fixed)
    places = np.argwhere(values > values.mean())[::97]
    body = [fixed.TransformIndexToPhysicalPoint([int(i) for i in p[::-1]]) for p in places]
    at = lambda t: np.array([t.TransformPoint(p) for p in body])
    turn = lambda t: np.array(t.GetMatrix()).reshape(3, 3)
    first, seconds = run(*images)
    sitk.WriteTransform(first, os.path.join(out, "elastix.tfm"))
    print(f"default: {first.GetParameters()} in {seconds:.1f} s")
    for seed in range(1, 6):
        other, seconds = run(*images, RandomSeed=seed)
        miss = np.linalg.norm(at(other) - at(first), axis=1)
        cosine = (np.trace(turn(other) @ turn(first).T) - 1) / 2
        angle = np.degrees(np.arccos(min(1.0, cosine)))
        print(f"seed {seed}: mean {miss.mean():.2f}, largest {miss.max():.2f} mm, {angle:.2f} degrees, {seconds:.1f} s")
    converged, seconds = run(*images, NumberOfSpatialSamples=20000, MaximumNumberOfIterations=500)
    sitk.WriteTransform(converged, os.path.join(out, "elastix_converged.tfm"))
    print(f"converged: {converged.GetParameters()} in {seconds:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:4])
