# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages composed: frames in, packets out; keypoints of others in, packets out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from ..core.camera_model import Camera
from ..core.filters import PRESETS, FilterPreset
from ..core.layout_convert import to_coco17
from ..core.packet import Packet
from ..core.pipeline import Lifter, PersonPipeline
from ..core.take import Take
from ..core.types import Detections, FloatArray, Frame, Joints3D, Keypoints2D
from .people_choice import PeopleChoice


class Finder(Protocol):
    """Says where the people of a frame are; see `people.PersonFinder`."""

    def boxes(self, frame: Frame) -> Detections: ...

    def observe(
        self, frame: Frame, keypoints: Sequence[Keypoints2D], person: Sequence[int]
    ) -> None: ...


class PoseModel(Protocol):
    """Finds the keypoints of people whose boxes are known; see `vitpose.ViTPose`."""

    name: str

    def estimate(self, frame: Frame, xyxy: FloatArray) -> list[Keypoints2D]: ...


MOST_PEOPLE = 64  # Remembered at once; who comes and goes gets ever new numbers.


class PeopleLifter:
    """Lifts everybody, each through a pipeline of their own.

    Who was not seen for longest is forgotten where there are too many.

    Args:
        camera: That sees them.
        make_lifter: Makes a lifter for a person seen for the first time.
        preset: How calm.
    """

    def __init__(
        self,
        camera: Camera,
        make_lifter: Callable[[], Lifter],
        preset: FilterPreset = PRESETS["balanced"],
    ) -> None:
        self._camera = camera
        self._make_lifter = make_lifter
        self._preset = preset
        self._pipelines: dict[int, PersonPipeline] = {}

    def set_tilt(self, tilt: float) -> None:
        """Go on with a camera that looks down that far [deg]; from any thread."""
        self._camera = replace(self._camera, tilt=tilt)

    def step(self, person: int, keypoints: Keypoints2D) -> Joints3D:
        """Return the joints of one person in one more frame.

        Raises:
            VitposeError: The keypoints are not a person's.
        """
        pipeline = self._pipelines.pop(person, None)
        if pipeline is None:
            pipeline = PersonPipeline(self._make_lifter(), self._camera, self._preset)
        self._pipelines[person] = pipeline  # The last is who was seen last.
        if len(self._pipelines) > MOST_PEOPLE:
            del self._pipelines[next(iter(self._pipelines))]
        pipeline.camera = self._camera
        return pipeline.step(to_coco17(keypoints))


class PoseEstimator:
    """From a frame to a packet for everybody in it.

    Args:
        finder: Where the people are.
        model: Finds their keypoints.
        lifter: Makes them 3D.
        camera: That sees them.
        source: Name of the source, for the packets.
    """

    def __init__(
        self,
        finder: Finder,
        model: PoseModel,
        lifter: PeopleLifter,
        camera: Camera,
        source: str,
    ) -> None:
        self._finder = finder
        self._model = model
        self._lifter = lifter
        self._camera = camera
        self._source = source

    def packets(self, frame: Frame) -> list[Packet]:
        """Return what is seen in one more frame; nobody gives an empty list."""
        found = self._finder.boxes(frame)
        keypoints = self._model.estimate(frame, found.xyxy) if len(found) else []
        self._finder.observe(frame, keypoints, found.person)
        return [
            Packet(
                keypoints=person_keypoints,
                person=person,
                frame=frame.index,
                image_wh=frame.image_wh,
                joints=self._lifter.step(person, person_keypoints),
                fov=self._camera.fov,
                box=xywh(box),
                model=self._model.name,
                source=self._source,
            )
            for person_keypoints, person, box in zip(
                keypoints, found.person, found.xyxy
            )
        ]


def xywh(xyxy: FloatArray) -> tuple[float, float, float, float]:
    """Return left, top, width and height of a box."""
    left, top, right, bottom = np.asarray(xyxy).tolist()
    return left, top, right - left, bottom - top


def chosen_people(choice: PeopleChoice, take: Take) -> list[int]:
    """Return the numbers of the chosen people of a recorded take.

    The largest of a recording is the one seen most often.

    Raises:
        TakeError: The wanted person is not in the take.
    """
    if choice.mode == "all":
        return take.people
    if choice.mode == "largest":
        return take.people[:1]
    return take.of_person(choice.person).people


def lift_recorded(
    packets: Iterable[Packet], lifter: PeopleLifter, fov: float
) -> Iterator[Packet]:
    """Give keypoints that others detected their 3D joints, in order of time."""
    for packet in packets:
        joints = lifter.step(packet.person, packet.keypoints)
        yield replace(packet, joints=joints, fov=fov)
